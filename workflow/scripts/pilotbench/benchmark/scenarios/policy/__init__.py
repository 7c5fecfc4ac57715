"""House rules: a handbook of which a few sections decide what happens to the items of a list.

conditions   what a rule can say about a record, in data and in words
rules        the kinds of rules, a set of rules, and what it means for records
drawing      draws a set of rules in which each rule matters
phrases      the sentences of rules, notices and precedence
handbook     the sentences that decide nothing, from `handbook.txt`
writing      sections of rules and of other matters, in order and numbered
house        the interface
"""
