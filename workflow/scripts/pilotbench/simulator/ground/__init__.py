"""What the simulated APIs stand on: settings, conversations, who answers them, keys, HTTP."""
