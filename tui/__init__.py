"""The deck on screen: asks the engine, draws what it says."""
