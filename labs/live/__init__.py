"""The real Docker Hub and AWS: whose accounts, and what stands before every step that acts on them."""
