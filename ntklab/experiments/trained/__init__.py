"""Experiments that train networks (torch); their exact twins stand one floor up."""
