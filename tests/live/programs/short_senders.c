/* short_senders N SIGNAL: N processes, each of which sends one signal to a process that ignores it, and ends. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 8

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1;
	int number = argc > 2 ? atoi(argv[2]) : SIGUSR1, alive = 0;
	pid_t target;

	signal(number, SIG_IGN);
	target = fork();
	if (!target) {
		pause();
		_exit(0);
	}
	for (long i = 0; i < count; i++) {
		pid_t child = vfork();

		if (!child) {
			kill(target, number);
			_exit(0);
		}
		if (++alive > AT_ONCE) {
			wait(NULL);
			alive--;
		}
	}
	while (alive-- > 0)
		wait(NULL);
	kill(target, SIGKILL);
	wait(NULL);
	return 0;
}
