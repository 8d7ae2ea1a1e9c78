"""What passes between Senso and us: contracts, the bus, linking, delivering, asking."""
