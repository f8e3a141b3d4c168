"""Mail as it comes from families and mail servers: what is new in it, who or what wrote it, what came back."""
