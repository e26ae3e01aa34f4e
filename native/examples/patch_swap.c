/* Patch swap from C: two images of 1 x 4 x 6 pixels exchange two patches of 2 x 2. */
#include <swapdistill/swapdistill.h>

#include <stdio.h>

enum { HEIGHT = 4, WIDTH = 6, PATCH = 2 };

static void print(const char *name, const uint8_t *image) {
    printf("%s\n", name);
    for (int y = 0; y < HEIGHT; ++y) {
        for (int x = 0; x < WIDTH; ++x) {
            printf(" %c", image[y * WIDTH + x]);
        }
        printf("\n");
    }
}

int main(void) {
    /* On Linux the dynamic loader has compared the versions before. */
    if (sd_version() >> 8 != (SD_VERSION_MAJOR << 8 | SD_VERSION_MINOR)) {
        fprintf(stderr, "the library of SwapDistill is version 0x%06x; expected %d.%d\n", (unsigned)sd_version(),
                SD_VERSION_MAJOR, SD_VERSION_MINOR);
        return 1;
    }

    uint8_t a[HEIGHT * WIDTH];
    uint8_t b[HEIGHT * WIDTH];
    for (int i = 0; i < HEIGHT * WIDTH; ++i) {
        a[i] = 'a';
        b[i] = 'B';
    }
    /* A grid of 2 x 3 positions; without it they would be drawn from a random position. */
    const uint8_t positions[] = {1, 0, 0, 0, 0, 1};

    const sd_execution execution = SD_EXECUTION_INIT;
    sd_patch_swap_options options = SD_PATCH_SWAP_OPTIONS_INIT;
    options.patch_size = PATCH;
    const sd_status status =
        sd_patch_swap(&execution, &options, NULL, SD_U8, SD_NCHW, 1, 1, HEIGHT, WIDTH, a, b, positions);
    if (status != SD_SUCCESS) {
        fprintf(stderr, "%s\n", sd_last_error());
        return 1;
    }
    print("first image", a);
    print("second image", b);
    return a[0] == 'B' && b[0] == 'a' && a[2] == 'a' && a[3 * WIDTH + 5] == 'B' ? 0 : 1;
}
