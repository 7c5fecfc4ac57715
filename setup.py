"""What pyproject.toml cannot say: a wheel carries the workflow, its config and its prompts too.

They are the top-level folders of a checkout. In the package they are `pilotbench/shipped/`, in the
same arrangement; `pilotbench.ground.shipped` finds them in both places.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = (
    "Snakefile",
    "workflow/Snakefile",
    "workflow/rules/*.smk",
    "workflow/scripts/*.py",
    "workflow/report/*.rst",
    "config/**/*",
    "profiles/*/config.yaml",
    "envs/pilotbench.yaml",
)


class BuildWithWorkflow(build_py):
    """Copies the files after the modules; an editable installation uses those of the checkout."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for source, target in self._copies().items():
            self.mkpath(str(Path(target).parent))
            self.copy_file(source, target, preserve_mode=False)

    def get_source_files(self) -> list[str]:
        return [*super().get_source_files(), *self._copies()]

    def get_output_mapping(self) -> dict[str, str]:
        mapping = super().get_output_mapping()
        return mapping | {target: source for source, target in self._copies().items()}

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        return [*super().get_outputs(include_bytecode), *self._copies().values()]

    def _copies(self) -> dict[str, str]:
        """Return source -> target of each file."""
        shipped = Path(self.build_lib or "", "pilotbench", "shipped")
        found = (path for pattern in SHIPPED for path in sorted(Path().glob(pattern)))
        files = (path for path in found if path.is_file() and "__pycache__" not in path.parts)
        return {str(path): str(shipped / path) for path in files}


setup(cmdclass={"build_py": BuildWithWorkflow})
