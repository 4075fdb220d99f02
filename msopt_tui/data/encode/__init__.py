"""From records to token ids and what is learned of them: one file a kind of example, found by `encoder_of`."""
