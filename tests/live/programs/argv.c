/*
 * argv HOW PID SIGNAL: sends SIGNAL to PID with a command line that is not what it was.
 *   nonul:   all of it overwritten with letters, no NUL left
 *   rewrite: overwritten again and again by another thread while it sends, for ever as good as
 *   absent:  moved to two pages of which the second is not in memory
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <linux/prctl.h>
#include <sys/prctl.h>
#include <unistd.h>

static char *text;
static size_t size;
static volatile int over;

static void *rewrite(void *unused)
{
	for (unsigned i = 0; !over; i++)
		memset(text, i % 3 ? 'A' + i % 26 : 0, size);
	return unused;
}

/* The numbers of proc_pid_stat(5) from the third on; false where they cannot be read or set. */
static bool move_argv(void)
{
	unsigned long stat[50] = { 0 };
	struct prctl_mm_map map = { .exe_fd = -1 };
	FILE *file = fopen("/proc/self/stat", "r");
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!file || pages == MAP_FAILED || fscanf(file, "%*d %*s %*c") == EOF)
		return false;
	for (int i = 4; i <= 51; i++)
		if (fscanf(file, "%lu", &stat[i - 4]) != 1)
			return false;
#define FIELD(number) stat[(number) - 4]
	map.start_code = FIELD(26);
	map.end_code = FIELD(27);
	map.start_stack = FIELD(28);
	map.start_data = FIELD(45);
	map.end_data = FIELD(46);
	map.start_brk = FIELD(47);
	map.brk = (unsigned long)sbrk(0);
	map.env_start = FIELD(50);
	map.env_end = FIELD(51);
	map.arg_start = (unsigned long)pages + 4096 - 12;
	map.arg_end = map.arg_start + 100;
	memcpy(pages + 4096 - 12, "first\0second", 12);
	return !prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	const char *how;
	int number, again;
	pid_t pid;

	if (argc < 4)
		return 99;
	how = strdup(argv[1]);
	pid = atoi(argv[2]);
	number = atoi(argv[3]);
	text = argv[0];
	size = argv[argc - 1] + strlen(argv[argc - 1]) + 1 - argv[0];
	if (pid <= 1)
		return 99;
	if (!strcmp(how, "nonul"))
		memset(text, 'x', size);
	if (!strcmp(how, "absent") && !move_argv())
		return 77;
	if (!strcmp(how, "rewrite")) {
		pthread_create(&thread, NULL, rewrite, NULL);
		for (again = 0; again < 200; again++)
			kill(pid, SIGWINCH);
	}
	return kill(pid, number) ? 98 : 0;
}
