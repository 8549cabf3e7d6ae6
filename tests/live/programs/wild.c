/* wild: use an address that no machine has (not canonical): a fault without an address. */
int main(void)
{
#if defined(__x86_64__)
	*(volatile int *)0x8000000000000000UL = 1;
#else
	*(volatile int *)0 = 1;
#endif
	return 0;
}
