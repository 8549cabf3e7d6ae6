/* timers WAY: end by a timer of one's own. */
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void wait_for_it(int burn)
{
	for (volatile unsigned long i = 0;; i++)
		if (!burn)
			pause();
}

static void set_itimer(int which)
{
	struct itimerval soon = { .it_value.tv_usec = 20000 };

	setitimer(which, &soon, NULL);
	wait_for_it(which != ITIMER_REAL);
}

static void create(clockid_t clock, int number)
{
	struct itimerspec soon = { .it_value.tv_nsec = 20000000 };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = number };
	timer_t timer;

	timer_create(clock, &event, &timer);
	timer_settime(timer, 0, &soon, NULL);
	wait_for_it(clock != CLOCK_MONOTONIC);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	if (!strcmp(way, "alarm")) {
		ualarm(20000, 0);
		wait_for_it(0);
	}
	if (!strcmp(way, "setitimer"))
		set_itimer(ITIMER_REAL);
	if (!strcmp(way, "virtual"))
		set_itimer(ITIMER_VIRTUAL);
	if (!strcmp(way, "prof"))
		set_itimer(ITIMER_PROF);
	if (!strcmp(way, "timer_create"))
		create(CLOCK_MONOTONIC, SIGTERM);
	if (!strcmp(way, "timer_create real-time"))
		create(CLOCK_MONOTONIC, SIGRTMIN + 1);
	if (!strcmp(way, "timer_create cpu"))
		create(CLOCK_PROCESS_CPUTIME_ID, SIGALRM);
	return 99;
}
