/*
 * queue_full SIGNAL: with room for two queued signals, sends SIGNAL four times to itself while it
 * blocks it: by sigqueue(3) and at last by kill(2). Prints the errno of each, then lets go of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_signal(int number)
{
	(void)number;
}

int main(int argc, char **argv)
{
	int number = argc > 1 ? atoi(argv[1]) : SIGRTMIN;
	struct rlimit room = { 2, 2 };
	union sigval value = { 7 };
	sigset_t set;

	/* A user of its own: the limit counts all that is queued for a user, and root is exempt of none. */
	if (syscall(SYS_setresuid, 61234, 61234, 61234) || setrlimit(RLIMIT_SIGPENDING, &room))
		return 77;
	signal(number, on_signal);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 3; i++)
		printf("%d\n", sigqueue(getpid(), number, value) ? errno : 0);
	printf("%d\n", kill(getpid(), number) ? errno : 0);
	fflush(stdout);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 5;
}
