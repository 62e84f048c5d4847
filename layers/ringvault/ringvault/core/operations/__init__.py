"""What an administrator does: status, doctor, configure, plan, retry."""
