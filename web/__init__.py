"""The doors on the web: pages for staff and families, the providers' webhooks, and the mail listener."""
