/*
 * holds_back SIGNAL: blocks it and says "ready"; lets go of it when a line comes, and then waits.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	sigset_t set;
	char byte;

	sigemptyset(&set);
	sigaddset(&set, argc > 1 ? atoi(argv[1]) : SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("ready");
	fflush(stdout);
	if (read(0, &byte, 1) == 1)
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 6;
}
