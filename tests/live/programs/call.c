/*
 * call NAME PID SIGNAL [UID [FLAGS]]: one of the six system calls that send signals, as it is, by UID.
 * PID "gone" is a child that has ended. "stdin" is
 * a pidfd that is none. Prints PID, the pidfd and the errno, 0 for success.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static pid_t gone(int *pidfd)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	*pidfd = syscall(SYS_pidfd_open, pid, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return pid;
}

int main(int argc, char **argv)
{
	int number = argc > 3 ? atoi(argv[3]) : 0, pidfd = -1;
	siginfo_t info;
	long result;
	pid_t pid;

	if (argc < 4)
		return 99;
	pid = !strcmp(argv[2], "gone") ? gone(&pidfd) : !strcmp(argv[2], "stdin") ? getpid() : atoi(argv[2]);
	/* Everybody and one's own group are nobody's business here. */
	if (pid == -1 || pid == 0)
		return 99;
	if (pidfd < 0)
		pidfd = strcmp(argv[2], "stdin") ? (int)syscall(SYS_pidfd_open, pid, 0) : 0;
	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	if (argc > 4 && atoi(argv[4]) && syscall(SYS_setresuid, atoi(argv[4]), atoi(argv[4]), atoi(argv[4])))
		return 77;
	errno = 0;
	if (!strcmp(argv[1], "kill"))
		result = syscall(SYS_kill, pid, number);
	else if (!strcmp(argv[1], "tkill"))
		result = syscall(SYS_tkill, pid, number);
	else if (!strcmp(argv[1], "tgkill"))
		result = syscall(SYS_tgkill, pid, pid, number);
	else if (!strcmp(argv[1], "rt_sigqueueinfo"))
		result = syscall(SYS_rt_sigqueueinfo, pid, number, &info);
	else if (!strcmp(argv[1], "rt_tgsigqueueinfo"))
		result = syscall(SYS_rt_tgsigqueueinfo, pid, pid, number, &info);
	else if (!strcmp(argv[1], "pidfd_send_signal"))
		result = syscall(SYS_pidfd_send_signal, pidfd, number, NULL, argc > 5 ? atoi(argv[5]) : 0);
	else
		return 99;
	printf("%d %d %d\n", pid, pidfd, result ? errno : 0);
	return 0;
}
