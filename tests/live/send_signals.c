/* Sends a signal by every call that can, and crashes, for tests of audit logs; built for 64 and 32 bits.
 * Prints one line for each: CALL TARGET SIGNAL RESULT. Usage: send_signals OTHER_UID_PID
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* A pid of 0 or -1 by mistake would signal everybody: every pid below comes from here. */
static pid_t victim(void)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(1);
	if (pid == 0) {
		prctl(PR_SET_NAME, "vic tim");
		for (;;)
			pause();
	}
	return pid;
}

static void say(const char *call, long target, int number, long result)
{
	printf("%s %ld %d %ld\n", call, target, number, result < 0 ? -(long)errno : result);
	fflush(stdout);
}

static void info_of(siginfo_t *info, int number)
{
	memset(info, 0, sizeof *info);
	info->si_signo = number;
	info->si_code = SI_QUEUE;
	info->si_pid = getpid();
	info->si_uid = getuid();
}

int main(int argc, char **argv)
{
	siginfo_t info;
	pid_t pid, group;
	int number, fd;

	pid = victim();
	say("kill", pid, SIGTERM, kill(pid, SIGTERM));
	waitpid(pid, NULL, 0);
	pid = victim();
	say("kill", pid, 0, kill(pid, 0));
	say("tkill", pid, SIGUSR1, syscall(SYS_tkill, pid, SIGUSR1));
	waitpid(pid, NULL, 0);
	pid = victim();
	say("tgkill", pid, SIGUSR2, syscall(SYS_tgkill, pid, pid, SIGUSR2));
	waitpid(pid, NULL, 0);
	pid = victim();
	number = 40;
	info_of(&info, number);
	say("rt_sigqueueinfo", pid, number, syscall(SYS_rt_sigqueueinfo, pid, number, &info));
	waitpid(pid, NULL, 0);
	pid = victim();
	number = 64;
	info_of(&info, number);
	say("rt_tgsigqueueinfo", pid, number, syscall(SYS_rt_tgsigqueueinfo, pid, pid, number, &info));
	waitpid(pid, NULL, 0);
	pid = victim();
	fd = syscall(SYS_pidfd_open, pid, 0);
	say("pidfd_send_signal", pid, SIGKILL, syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	waitpid(pid, NULL, 0);
	close(fd);
	group = victim();
	setpgid(group, group);
	for (int i = 0; i < 19; i++)
		setpgid(victim(), group);
	say("kill", -group, SIGKILL, kill(-group, SIGKILL));
	for (int i = 0; i < 20; i++)
		wait(NULL);
	say("kill", 4194300, SIGTERM, kill(4194300, SIGTERM));
	say("kill", getpid(), 77, kill(getpid(), 77));
	if (argc > 1) {
		pid = fork();
		if (pid == 0) {
			if (setresuid(65534, 65534, 65534) != 0)
				_exit(1);
			say("kill", atoi(argv[1]), SIGKILL, kill(atoi(argv[1]), SIGKILL));
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "crasher");
		*(volatile int *)8 = 1;
	}
	waitpid(pid, NULL, 0);
	say("crash", pid, SIGSEGV, 0);
	pid = fork();
	if (pid == 0)
		abort();
	waitpid(pid, NULL, 0);
	say("abort", pid, SIGABRT, 0);
	return 0;
}
