/* short_lives N WAY: N children, fifty at a time, each ends by SIGALRM: of a timer within 20 ms, or sent by itself. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int left = argc > 1 ? atoi(argv[1]) : 1, running = 0, status;

	while (left || running) {
		for (; left && running < 50; left--, running++) {
			if (fork())
				continue;
			if (argc > 2 && !strcmp(argv[2], "timer"))
				ualarm(1000 + left * 37 % 20000, 0);
			else
				raise(SIGALRM);
			for (;;)
				pause();
		}
		printf("%d ", wait(&status));
		printf("%d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		fflush(stdout);
		running--;
	}
	return 0;
}
