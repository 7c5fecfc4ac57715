"""The numbers of the summary: rates with intervals, comparisons, ranks and bounds.

load         what the database holds of the current selection, read once
scores       one row per group of episodes: metrics, intervals, bounds
contrasts    paired comparisons, one family per experiment and kind of contrast
ranking      models under the headline prompt, best first
profile, horizons   the axes of benchmark version 4: the horizon and a rate per axis
repeats, flaws, usage   pass@k, flawed plans followed, use of the keys
labelled, corrected_rates, pairwise, judge_tables   judges, labels of people, comparisons
group_scores, family_words   rows of scores and of comparisons for the tables
tables       every table of the summary, by name
judges       what judges said and cost, and warnings about them
overview     what was run, whether it is complete, its cost, and warnings
headline     the result in one sentence
model        all of this together
reference    the reference players on the draws of the models
where_from, profile_numbers, recreate   from a number back to its episodes, files and commands
formatting   numbers and tables for people
"""
