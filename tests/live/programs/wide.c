/*
 * wide group|zero|all: three children, and one kill(2) that reaches them all. Prints how many it sent,
 * "PID STATUS" for each child as wait(2) gives it. "all" happens in a pid namespace of its own, and
 * nowhere else: kill(-1) would end everything on the host.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 3, CANNOT = 77 };

static int ready[2]; /* a pipe: a byte from each child that waits */

static pid_t start_child(pid_t group)
{
	pid_t pid = fork();

	if (!pid) {
		alarm(60);
		/* glibc's fork() blocks every signal, and unblocks them in the child at its end. */
		write(ready[1], "", 1);
		for (;;)
			pause();
	}
	if (group >= 0)
		setpgid(pid, group);
	return pid;
}

static int act(const char *way)
{
	int by_group = !strcmp(way, "group"), status;
	pid_t first, asked = 0, pid;
	char byte;

	if (pipe(ready))
		return 99;
	first = start_child(by_group ? 0 : -1);
	for (int i = 1; i < CHILDREN; i++)
		start_child(by_group ? first : -1);
	if (by_group)
		asked = -first;
	for (int i = 0; i < CHILDREN; i++)
		if (read(ready[0], &byte, 1) != 1)
			return 99;
	signal(SIGTERM, SIG_IGN);
	if (!strcmp(way, "all")) {
		if (getpid() != 1)
			return CANNOT;
		asked = -1;
	}
	for (int i = 0; i < 2; i++)
		printf("%d %d\n", asked, kill(asked, SIGTERM) ? errno : 0);
	while ((pid = wait(&status)) > 0)
		printf("%d %d\n", pid, status);
	return 4;
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 2)
		return 99;
	if (!strcmp(argv[1], "all")) {
		if (unshare(CLONE_NEWPID))
			return CANNOT;
	} else if (strcmp(argv[1], "group") && strcmp(argv[1], "zero")) {
		return 99;
	}
	pid = fork();
	if (!pid) {
		alarm(60);
		if (strcmp(argv[1], "all"))
			setpgid(0, 0);
		exit(act(argv[1]));
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}
