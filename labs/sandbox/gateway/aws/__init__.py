"""The AWS API's front door: signatures, permissions, and the services that moto lacks."""
