"""Tasks whose plan is part of the brief: the request leaves out values that only the plan states.

In the other tasks a plan repeats what the request says, so that ignoring it costs nothing, and
ignoring a flawed one is free. Here a model must take values from the plan and still notice what is
wrong with it. A prompt without a plan does not apply.

builder      the plan builder that leaves values out of the request and puts them into the plan
briefing     which values can be left out, and how many are
task         the task type `briefed_pipeline`
"""
