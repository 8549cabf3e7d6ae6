/*
 * queue_signal PID SIGNAL CODE CLAIMED_PID CLAIMED_UID: rt_sigqueueinfo(2) with a siginfo of one's own.
 * PID 0 is the program itself. Exits with 0, or with the errno.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	siginfo_t info;
	pid_t pid;

	if (argc != 6)
		return 255;
	pid = atoi(argv[1]) ? atoi(argv[1]) : getpid();
	memset(&info, 0, sizeof(info));
	info.si_signo = atoi(argv[2]);
	info.si_code = atoi(argv[3]);
	info.si_pid = atoi(argv[4]);
	info.si_uid = atoi(argv[5]);
	return syscall(SYS_rt_sigqueueinfo, pid, info.si_signo, &info) ? errno : 0;
}
