"""House rules: a handbook of which a few sections decide what happens to the items of a list.

conditions   what a rule can say about a record, in data and in words
rules        the kinds of rules, a set of rules, and what it means for records
proposals    rules in force, proposed one after the other so that each matters
decoys       rules and stops that do not apply
drawing      draws a whole set of rules
phrases      the sentences of rules, notices and precedence
handbook     the sentences that decide nothing, from `handbook.txt`
writing      sections of rules and of other matters, in order and numbered
house        the interface
"""
