"""Providers: who answers chat requests, and how a request reaches them."""
