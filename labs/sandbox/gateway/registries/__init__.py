"""The two registries' front doors: Docker Hub's and ECR's rules over the stores behind them."""
