/* own_doing WAY: end by one's own doing. Exits with 99 if it is still there, 77 if it cannot try. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GONE_WRONG = 98, CANNOT = 77 };

static void limit(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit limits = { soft, hard };

	if (setrlimit(what, &limits))
		_exit(GONE_WRONG);
}

static int one_page_file(void)
{
	FILE *file = tmpfile();

	if (!file || ftruncate(fileno(file), 4096))
		_exit(GONE_WRONG);
	return fileno(file);
}

static void burn(void)
{
	for (volatile unsigned long i = 0;; i++)
		;
}

static void do_raise(void)
{
	raise(SIGTERM);
}

static void do_null(void)
{
	*(volatile int *)8 = 1;
}

static void do_divide(void)
{
	volatile int ten = 10, zero = 0;

	ten = ten / zero;
}

static void do_illegal(void)
{
	__builtin_trap();
}

static void do_trap(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__asm__ volatile("int3");
#endif
}

static void do_bus(void)
{
	int file = one_page_file();
	volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);

	if (ftruncate(file, 0))
		_exit(GONE_WRONG);
	page[64];
}

static void do_pipe(void)
{
	int ends[2];

	if (pipe(ends))
		_exit(GONE_WRONG);
	close(ends[0]);
	if (write(ends[1], "x", 1) == 1)
		_exit(GONE_WRONG);
}

static void do_cpu(void)
{
	limit(RLIMIT_CPU, 1, 5);
	burn();
}

static void do_cpu_hard(void)
{
	limit(RLIMIT_CPU, 1, 1);
	burn();
}

/* In microseconds. The process would hold its CPU for no longer than the second limit. */
static void do_real_time(void)
{
	struct sched_param first = { 1 };

	limit(RLIMIT_RTTIME, 20000, 500000);
	if (sched_setscheduler(0, SCHED_FIFO, &first))
		_exit(CANNOT);
	burn();
}

static void do_file_size(void)
{
	int file = one_page_file();

	limit(RLIMIT_FSIZE, 10, 10);
	if (pwrite(file, "x", 1, 100) == 1)
		_exit(GONE_WRONG);
}

static void do_seccomp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(CANNOT);
	syscall(SYS_getppid);
}

static const struct {
	const char *name;
	void (*act)(void);
} ways[] = {
	{ "raise", do_raise },	       { "abort", abort },
	{ "null", do_null },	       { "divide", do_divide },
	{ "illegal", do_illegal },     { "trap", do_trap },
	{ "bus", do_bus },	       { "pipe", do_pipe },
	{ "cpu", do_cpu },	       { "cpu hard", do_cpu_hard },
	{ "real time", do_real_time }, { "file size", do_file_size },
	{ "seccomp", do_seccomp },
};

int main(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(argv[1], ways[i].name))
			ways[i].act();
	return 99;
}
