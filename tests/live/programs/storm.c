/* storm N [SIGNAL]: send a signal N times to a child that ignores it; prints the child's pid. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1;
	pid_t child;

	int number = argc > 2 ? atoi(argv[2]) : SIGUSR1;

	signal(number, SIG_IGN);
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	for (long i = 0; i < count; i++)
		kill(child, number);
	printf("%d\n", child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}
