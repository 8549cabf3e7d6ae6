/* send CALL SIGNAL PID [CLAIMED_PID]: send one signal by one system call; says what errno came of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

int main(int argc, char **argv)
{
	const char *call = argv[1];
	int number = atoi(argv[2]), pid = atoi(argv[3]);
	siginfo_t info = { .si_signo = number, .si_code = SI_QUEUE };
	long status = -1;

	info.si_pid = argc > 4 ? atoi(argv[4]) : getpid();
	info.si_uid = getuid();
	if (!strcmp(call, "kill"))
		status = syscall(SYS_kill, pid, number);
	else if (!strcmp(call, "tkill"))
		status = syscall(SYS_tkill, pid, number);
	else if (!strcmp(call, "tgkill"))
		status = syscall(SYS_tgkill, pid, pid, number);
	else if (!strcmp(call, "rt_sigqueueinfo"))
		status = syscall(SYS_rt_sigqueueinfo, pid, number, &info);
	else if (!strcmp(call, "rt_tgsigqueueinfo"))
		status = syscall(SYS_rt_tgsigqueueinfo, pid, pid, number, &info);
	else if (!strcmp(call, "pidfd_send_signal")) {
		int fd = syscall(SYS_pidfd_open, pid, 0);
		if (fd < 0 && errno != ESRCH)
			return 77;
		status = syscall(SYS_pidfd_send_signal, fd, number, argc > 4 ? &info : NULL, 0);
	}
	printf("%d\n", status ? errno : 0);
	return 0;
}
