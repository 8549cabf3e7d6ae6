/*
 * orphan parent-death|exitkill: a process whose parent, or whose tracer, ends before it.
 * Prints "PARENT CHILD", then for both, once they are gone, "PID STATUS" as wait(2) gives it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void child(int ready, int by_parent)
{
	if (by_parent)
		prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (write(ready, "x", 1) == 1)
		for (;;)
			pause();
	_exit(98);
}

static void parent(int by_parent, int told)
{
	int ends[2];
	char byte;
	pid_t pid;

	if (pipe(ends))
		_exit(98);
	pid = fork();
	if (!pid)
		child(ends[1], by_parent);
	if (read(ends[0], &byte, 1) != 1)
		_exit(98);
	if (!by_parent && ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_EXITKILL))
		_exit(77);
	printf("%d %d\n", getpid(), pid);
	fflush(stdout);
	if (read(told, &byte, 1) < 0)
		_exit(98);
	_exit(3);
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 2)
		return 99;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (!fork())
		parent(!strcmp(argv[1], "parent-death"), 0);
	while ((pid = wait(&status)) > 0)
		printf("%d %d\n", pid, status);
	return 0;
}
