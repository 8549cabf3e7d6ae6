/*
 * short_senders N SIGNAL [RATE]: N processes, each of which sends one signal to a process that ignores it, and ends;
 * RATE of them a second, or as fast as they can.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 8

/* Until the one of this number is due. */
static void pace(const struct timespec *begun, long one, long rate)
{
	struct timespec due = *begun;

	due.tv_sec += one / rate;
	due.tv_nsec += one % rate * 1000000000 / rate;
	if (due.tv_nsec >= 1000000000) {
		due.tv_nsec -= 1000000000;
		due.tv_sec++;
	}
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1;
	long rate = argc > 3 ? atol(argv[3]) : 0;
	int number = argc > 2 ? atoi(argv[2]) : SIGUSR1, alive = 0;
	struct timespec begun;
	pid_t target;

	signal(number, SIG_IGN);
	target = fork();
	if (!target) {
		pause();
		_exit(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (long i = 0; i < count; i++) {
		pid_t child;

		if (rate)
			pace(&begun, i, rate);
		child = vfork();
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
