"""The tools of version 4, in the world of `benchmark.world` with a few additions.

world            the live world: hidden previews, targets out of service, entries with receipts
showing          what a tool tells about data: records, tables, parts of a record
arguments        checked arguments; what is wrong with them in a sentence
file_operations, data_processing, network, computation, integration, ledger, utility   the tools
parameters       parameters that several tools have
toolbox          `TOOLS`, `FINISH`, and `offered`: what a model is offered at a point
searched         the 200 tools among which they are searched for
"""
