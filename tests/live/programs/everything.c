/*
 * everything HOW: a process that does the same about every signal: "die", "ignore", "block", "handle" (and
 * writes its number). It says "ready"; a byte on standard input makes it unblock everything.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_signal(int number)
{
	char line[4] = { '0' + number / 10, '0' + number % 10, '\n' };
	write(1, line, 3);
}

/* glibc keeps 32 and 33 from its callers; the kernel does not. */
static void act(int number, void (*handler)(int))
{
	struct {
		void (*handler)(int);
		unsigned long flags;
		void (*restorer)(void);
		unsigned long long mask;
	} raw = { handler, 0, 0, 0 };

	if (handler != on_signal)
		syscall(SYS_rt_sigaction, number, &raw, NULL, 8);
	else
		signal(number, handler);
}

int main(int argc, char **argv)
{
	unsigned long long all = ~0ULL, none = 0;
	const char *how = argc > 1 ? argv[1] : "die";
	char byte;

	for (int number = 1; number <= 64; number++) {
		if (!strcmp(how, "die")) /* glibc's posix_spawn(), and so make, leaves 32 ignored */
			act(number, SIG_DFL);
		if (!strcmp(how, "ignore"))
			act(number, SIG_IGN);
		if (!strcmp(how, "handle"))
			act(number, on_signal);
	}
	if (!strcmp(how, "block"))
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
	write(1, "ready\n", 6);
	while (read(0, &byte, 1) < 0)
		;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	for (;;)
		pause();
}
