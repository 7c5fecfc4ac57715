"""The clients of batch endpoints, one file per form; `batch_api.py` says what they do."""
