/* at_once N: N processes of two threads each, which kill a child each, at the same moment; says how each child ended. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t victims[2];
static atomic_int here;

static void *kill_one(void *number)
{
	atomic_fetch_add(&here, 1);
	while (atomic_load(&here) < 2)
		;
	kill(victims[(long)number], SIGTERM);
	return NULL;
}

static void send_from_both(void)
{
	pthread_t other;
	int status;

	for (int i = 0; i < 2; i++) {
		victims[i] = fork();
		if (!victims[i])
			for (;;)
				pause();
	}
	pthread_create(&other, NULL, kill_one, (void *)1);
	kill_one((void *)0);
	pthread_join(other, NULL);
	for (int i = 0; i < 2; i++) {
		pid_t pid = wait(&status);

		printf("%d %d\n", pid, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	}
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	for (int n = argc > 1 ? atoi(argv[1]) : 1; n > 0; n--) {
		pid_t pid = fork();

		if (!pid)
			send_from_both();
		waitpid(pid, NULL, 0);
	}
	return 0;
}
