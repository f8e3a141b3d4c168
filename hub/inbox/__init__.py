"""The inbox: conversations with families, read and answered by whom they concern."""
