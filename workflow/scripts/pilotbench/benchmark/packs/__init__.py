"""Task folders: question packs, external tasks, and the labels of people beside them.

pack_folders      the folders of `task_folders`, each a task
question_pack     a pack as a task: its questions, how they are asked, scored and identified
pack_files        task.yaml and instances.jsonl; `pack_schema` says what is wrong with them
tables            the table that `source` names (`sources`, `hub_datasets`), by `columns` and
                  `column_templates`
question          one line, checked: conversations, pack_images, question_tools
pack_scoring      the scorer of each question: scorer_choice; for `add-pack`, scorer_guess
solved_examples   questions that are shown and not asked
label_files       labels of people
external_task     a folder whose task.yaml has `kind: external`
"""
