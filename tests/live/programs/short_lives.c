/* short_lives N: N children, each ends by a signal of its own; says how. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status;

	for (int n = argc > 1 ? atoi(argv[1]) : 1; n > 0; n--) {
		pid_t pid = fork();

		if (!pid) {
			ualarm(1, 0);
			for (;;)
				pause();
		}
		waitpid(pid, &status, 0);
		printf("%d %d\n", pid, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		fflush(stdout);
	}
	return 0;
}
