"""What each stage says of its work on a page: the field `findings` of a stage's entry.

One module a stage, found by its class; nothing lists them. A stage without one says what it likes.
"""
