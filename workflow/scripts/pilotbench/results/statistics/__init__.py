"""Statistics of a paired design: the unit is the instance's mean over its repeats.

The estimate is the mean over the population that the benchmark's instances are drawn from.

intervals     a rate, or a rate with owed episodes, with its interval
paired        the difference of two arms on the same instances, its interval and its test
means         means that are not rates, and their differences, by resampling
multiple      Holm families, letters for indistinguishable results, smallest detectable difference
repeats       pass@k, pass^k, variance within and between instances
agreement     Krippendorff's alpha of raters, with its interval
judge_errors  a judge's sensitivity and specificity by labels of people
corrected     rates, and their differences, that are corrected for these errors
preferences   ratings of models from pairwise comparisons, ties allowed
horizon       the length of a task at which a model succeeds half of the time, and ratios of two
length_curve  the curve of success against length, and tests of supposed horizons
usage         percentiles, requests in flight, utilisation of a key
"""

ALPHA = 0.05
SCREENING = 100  # a comparison of at most this many instances is called a screening
