"""From the plan to Nix text."""
