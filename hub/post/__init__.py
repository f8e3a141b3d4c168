"""The post: what goes home on paper, and the coupons that come back."""
