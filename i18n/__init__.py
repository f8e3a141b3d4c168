"""Words: the languages of the families, their catalogues, and what one message says on one channel."""
