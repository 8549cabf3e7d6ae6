/* eat_memory MEGABYTES [hold]: touch so much memory; then print "ready" and stay until standard input ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t size = (argc > 1 ? atol(argv[1]) : 1) << 20;
	char *memory = malloc(size), byte;

	if (memory)
		for (size_t i = 0; i < size; i += 1024)
			((volatile char *)memory)[i] = 1;
	puts("ready");
	fflush(stdout);
	return read(0, &byte, 1) < 0;
}
