/* What the store of a simulated node costs: medians, in microseconds, of a node with 8 GPUs in a folder of its own.
 * One line each: name, value, and where it means something the same of the bare system call. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/node/mig.h"
#include "sim/store/format.h"
#include "sim/store/store.h"

#define ROUNDS 2001
#define BATCH 100 /* of what is shorter than the clock's own time */

static struct node node, working;
static struct store store;
static struct err e;

static void must(int r) {
        if (r >= 0)
                return;
        fprintf(stderr, "%s\n", e.text);
        exit(1);
}

static double now_us(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return x < y ? -1 : x > y;
}

static double median_of(void (*act)(unsigned round), unsigned batch) {
        static double times[ROUNDS];

        for (unsigned i = 0; i < ROUNDS; i++) {
                double start = now_us();
                for (unsigned k = 0; k < batch; k++)
                        act(i);
                times[i] = (now_us() - start) / batch;
        }
        qsort(times, ROUNDS, sizeof *times, compare);
        return times[ROUNDS / 2];
}

static void read_word(unsigned round) {
        uint64_t word;

        (void)round;
        if (pread(store.fd, &word, sizeof word, STATE_GENERATION_AT) != sizeof word)
                exit(1);
}

static void refresh(unsigned round) {
        (void)round;
        must(store_refresh(&store, &node, NULL, &e));
}

static void refresh_changed(unsigned round) {
        (void)round;
        store.generation = 0; /* as if it had been read long ago */
        must(store_refresh(&store, &node, NULL, &e));
}

static void write_load(unsigned round) {
        struct store_write w;

        must(store_begin(&store, &w, &working, &e));
        working.gpus[0].load.gpu_percent = (uint8_t)(round % 100);
        must(store_end(&store, &w, &working, &e));
}

/* A GPU instance with its compute instance comes in one write and goes in the next. */
static void write_instance(unsigned round) {
        struct store_write w;
        unsigned gpu = round / 2 % 8, slot, ci;

        must(store_begin(&store, &w, &working, &e));
        int r = NVML_SUCCESS;
        if (round % 2 == 0 && (r = mig_create_gi(&working, gpu, 19, NULL, 1, &slot)) == NVML_SUCCESS) /* 19: 1g.10gb */
                r = mig_create_ci(&working, gpu, slot, 0, NULL, 1, &ci);
        if (round % 2 == 1 && (r = mig_destroy_ci(&working, gpu, 0, 0, 1)) == NVML_SUCCESS)
                r = mig_destroy_gi(&working, gpu, 0, 1);
        if (r != NVML_SUCCESS) {
                fprintf(stderr, "write %u: NVML answers %d\n", round, r);
                exit(1);
        }
        must(store_end(&store, &w, &working, &e));
}

/* Two processes write in turn, each woken by the other: from one's write to the answer are two wakes, two reads and a write. The half of
 * it, without the write. */
static void answer_each_other(uint64_t first, bool child, double *ret_times) {
        double asked_us = now_us();

        for (unsigned turns = 0; turns < ROUNDS;) {
                must(store_refresh(&store, &node, NULL, &e));
                if ((node.boot - first) % 2 != child) {
                        must(store_wait(&store, store.generation, 10000, &e));
                        continue;
                }
                struct store_write w;
                ret_times[turns++] = now_us() - asked_us;
                must(store_begin(&store, &w, &working, &e));
                working.boot++;
                must(store_end(&store, &w, &working, &e));
                asked_us = now_us();
        }
}

static double wake_us(double write_us) {
        static double times[ROUNDS];

        must(store_refresh(&store, &node, NULL, &e));
        uint64_t first = node.boot;
        pid_t child = fork();
        answer_each_other(first, child == 0, times);
        if (child == 0)
                _exit(0);
        waitpid(child, NULL, 0);
        qsort(times, ROUNDS, sizeof *times, compare);
        return (times[ROUNDS / 2] - write_us) / 2;
}

int main(int argc, char **argv) {
        struct node_gpu_wish wishes[8];

        if (argc != 2)
                return 2;
        for (unsigned i = 0; i < 8; i++)
                wishes[i] = (struct node_gpu_wish){ .model = gpu_model_find("A100-80GB"), .mig = true };
        must(node_init(&node, "590.48.01", 1, wishes, 8, 1, &e));
        must(store_create(argv[1], &node, false, &e));
        must(store_open(&store, argv[1], &e));
        must(store_refresh(&store, &node, NULL, &e));

        double bare = median_of(read_word, BATCH), writes;
        printf("unchanged %.3f bare %.3f\n", median_of(refresh, BATCH), bare);
        printf("changed %.1f\n", median_of(refresh_changed, 1));
        printf("write %.1f\n", writes = median_of(write_load, 1));
        printf("instance %.1f\n", median_of(write_instance, 1));
        printf("wake %.1f\n", wake_us(writes));
        return 0;
}
