"""What follows a decision: implant referrals and pump assignments."""
