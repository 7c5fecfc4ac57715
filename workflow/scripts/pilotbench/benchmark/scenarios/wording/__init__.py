"""Clauses in words: five registers, each with public and held-out wordings of every clause.

register   a register is read from `registers/NAME.yaml`: wordings, and the frame around them
units      which clauses share a sentence, and in which sequence the sentences may come
layout     sentences become a message: greeting, paragraphs, lists, closing
render     clauses become a text

A register file has four keys besides its name. `language` (`en` or `zh`) chooses the nouns of the
subject. `public` and `held_out` map a kind of clause, or two kinds `a+b`, to wordings. `frame` is
what stands around them (`register.Frame`).

A wording is a template with the slots of its kind, `{one}` and `{many}`. In the wording of two
kinds, a slot that both have is `{url}` for the first and `{url_2}` for the second. Texts are shown
in backticks and whole numbers as they are. "a {one}" and "a {field}" become "an order" and "an
`amount`" where the word needs it; in Chinese, "个{one}" becomes the measure word with the noun.

A wording may begin with a condition: `@list` is used only directly after a sentence of one clause
whose kind begins with `list`; `@decide=field` in addition only if the value of the slot `field` is
also a value of that clause, and the wording leaves the slot out ("that same field").
"""
