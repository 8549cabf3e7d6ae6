/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to get a signal whose sender is easily mistaken: mistaken WAY. Each says "ready" with what it has to tell. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t term;
static pid_t child;

static void tell(int pid)
{
	printf("ready %d\n", pid);
	fflush(stdout);
}

static void hand_on(int number, siginfo_t *info, void *context)
{
	signal(number, SIG_DFL);
	syscall(SYS_rt_tgsigqueueinfo, getpid(), syscall(SYS_gettid), number, info);
}

static int reraise(void)
{
	struct sigaction action = { .sa_sigaction = hand_on, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	return *(volatile int *)0x7f1234567890;
}

static int ends(void *unused)
{
	usleep(50000);
	_exit(0);
}

static int told_by_clone(void)
{
	static char stack[65536];

	child = clone(ends, stack + sizeof(stack), SIGTERM, NULL);
	tell(child);
	for (;;)
		pause();
}

static int only_waits(void *unused)
{
	for (;;)
		pause();
}

static void *starts_and_ends(void *unused)
{
	pthread_setname_np(pthread_self(), "pool-7");
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	usleep(100000);
	return NULL;
}

static int thread_death(void)
{
	pthread_t thread;
	int status;

	pthread_create(&thread, NULL, starts_and_ends, NULL);
	pthread_join(thread, NULL);
	waitpid(child, &status, 0);
	tell(child);
	return getchar() == EOF ? 0 : 1;
}

static int tracer_kills(void)
{
	int status;

	child = fork();
	if (!child)
		for (;;)
			pause();
	ptrace(PTRACE_SEIZE, child, 0, 0);
	ptrace(PTRACE_KILL, child, 0, 0);
	waitpid(child, &status, 0);
	tell(child);
	return 0;
}

/* Like strace's --inject: the signal that a stop at a system call is left with. */
static int injects(int number)
{
	int status;

	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		for (;;)
			getppid();
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_SYSCALL, child, 0, 0);
	waitpid(child, &status, 0);
	ptrace(PTRACE_CONT, child, 0, number);
	waitpid(child, &status, 0);
	ptrace(PTRACE_CONT, child, 0, WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
	waitpid(child, &status, 0);
	tell(child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int by_file(int number)
{
	int pair[2], status;

	child = fork();
	if (!child)
		for (;;)
			pause();
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	fcntl(pair[0], F_SETOWN, child);
	fcntl(pair[0], F_SETSIG, number);
	fcntl(pair[0], F_SETFL, O_ASYNC);
	if (write(pair[1], "x", 1) != 1)
		return 1;
	waitpid(child, &status, 0);
	tell(child);
	return 0;
}

static void *waits(void *how)
{
	struct signalfd_siginfo info;
	int number, fd;

	if (!strcmp(how, "sigwait")) {
		tell(getpid());
		sigwait(&term, &number);
	} else {
		fd = signalfd(-1, &term, 0);
		tell(getpid());
		if (read(fd, &info, sizeof(info)) < 0)
			exit(1);
	}
	usleep(300000);
	exit(0);
}

static int awaits(char *how)
{
	pthread_t thread;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	pthread_create(&thread, NULL, waits, how);
	for (;;)
		pause();
}

static void *idles(void *unused)
{
	for (;;)
		pause();
}

static int many(int count)
{
	pthread_t thread;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, NULL);
	while (--count)
		pthread_create(&thread, NULL, idles, NULL);
	tell(getpid());
	return getchar() == EOF ? 0 : 1;
}

static void *is_refused(void *unused)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_THREAD),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	syscall(SYS_mkdirat, -1, "/nowhere", 0700);
	return NULL;
}

static int refused(int alone)
{
	pthread_t thread;

	if (alone) {
		is_refused(NULL);
		return 1;
	}
	pthread_create(&thread, NULL, is_refused, NULL);
	usleep(100000);
	tell(getpid());
	return getchar() == EOF ? 0 : 1;
}

static int waits_for_vfork(void *unused)
{
	char byte;

	tell(getppid());
	_exit(read(0, &byte, 1) < 0);
}

static void eats(void)
{
	char *memory = malloc(64 << 20);

	for (int i = 0; memory && i < 64 << 20; i += 1024)
		((volatile char *)memory)[i] = 1;
}

/* Two processes, one memory: the OOM killer ends both. */
static int shared(void)
{
	static char stack[65536];
	char byte;

	child = clone(only_waits, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	tell(child);
	if (read(0, &byte, 1) == 1)
		eats();
	return 0;
}

static void on_term(int number)
{
}

/* Not to be interrupted until the child gives the memory back. */
static int uninterruptible(void)
{
	static char stack[65536];
	int status;

	signal(SIGTERM, on_term);
	child = clone(waits_for_vfork, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	waitpid(child, &status, 0);
	return 0;
}

static int title(int argc, char **argv)
{
	char *end = argv[argc - 1] + strlen(argv[argc - 1]);
	int status;

	memset(argv[0], 0, end - argv[0]);
	strcpy(argv[0], "app: master");
	child = fork();
	if (!child)
		for (;;)
			pause();
	kill(child, SIGTERM);
	waitpid(child, &status, 0);
	tell(child);
	return 0;
}

int main(int argc, char **argv)
{
	char *way = argv[1];
	int number = argc > 2 ? atoi(argv[2]) : 0;

	if (!strcmp(way, "reraise"))
		return reraise();
	if (!strcmp(way, "clone"))
		return told_by_clone();
	if (!strcmp(way, "thread death"))
		return thread_death();
	if (!strcmp(way, "ptrace kill"))
		return tracer_kills();
	if (!strcmp(way, "inject"))
		return injects(number);
	if (!strcmp(way, "file"))
		return by_file(number);
	if (!strcmp(way, "sigwait") || !strcmp(way, "signalfd"))
		return awaits(way);
	if (!strcmp(way, "many"))
		return many(number);
	if (!strcmp(way, "refused"))
		return refused(number);
	if (!strcmp(way, "shared"))
		return shared();
	if (!strcmp(way, "uninterruptible"))
		return uninterruptible();
	if (!strcmp(way, "title"))
		return title(argc, argv);
	return 2;
}
