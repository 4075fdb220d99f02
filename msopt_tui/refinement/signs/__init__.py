"""The signs that a diagnosis is made of: each looks at one round's evidence and gives a finding or nothing."""
