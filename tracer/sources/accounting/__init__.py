"""Process accounting that the kernel has kept (acct(2), acct(5)): how processes ended, a record each."""
