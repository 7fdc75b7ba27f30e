/* The benchmark's limit for sweeps: Newton on the discretised action of the double well, in C.

   min sum over elements of the Gauss-Lobatto quadrature of e^{-gt} [|v|^2/2 + (x^2-1)^2 + y^2 - x/2],
   theta(0) given, theta(T) free; banded Cholesky, a multiple of the kinetic diagonal where it fails,
   step halving. Only what one program for one landscape needs: no error estimate, no certificate. */
#include <math.h>
#include <string.h>

enum { MOST_NODES = 512, BAND = 16 };

static double value(const double *t) {
    double a = t[0] * t[0] - 1;
    return a * a + t[1] * t[1] - 0.5 * t[0];
}

static double total(int K, int p, const double kin[][64], const double *mass, const double *t) {
    double sum = 0;
    for (int k = 0; k < K; k++)
        for (int i = 0; i <= p; i++)
            for (int j = 0; j <= p; j++) {
                const double *a = t + 2 * (k * p + i), *b = t + 2 * (k * p + j);
                sum += 0.5 * kin[k][i * (p + 1) + j] * (a[0] * b[0] + a[1] * b[1]);
            }
    for (int s = 0; s <= K * p; s++) sum += mass[s] * value(t + 2 * s);
    return sum;
}

/* theta: (K p + 1) x 2 nodes, the start first, a guess on entry; returns the iterations, 0 if failed */
int newton(int K, int p, const double *x, const double *w, const double *D, const double *vertices,
           double discount, double *theta, double *cost) {
    static double kin[64][64], mass[MOST_NODES], H[2 * MOST_NODES][BAND], g[2 * MOST_NODES];
    static double diagonal[MOST_NODES], trial[2 * MOST_NODES];
    int q = p + 1, nodes = K * p + 1, size = 2 * (nodes - 1), band = 2 * q - 1;
    memset(mass, 0, sizeof mass);
    memset(diagonal, 0, sizeof diagonal);
    for (int k = 0; k < K; k++) {
        double h = vertices[k + 1] - vertices[k], fade[16];
        for (int a = 0; a < q; a++) fade[a] = w[a] * exp(-discount * (vertices[k] + h * x[a]));
        for (int i = 0; i < q; i++) {
            mass[k * p + i] += h * fade[i];
            for (int j = 0; j < q; j++) {
                double sum = 0;
                for (int a = 0; a < q; a++) sum += fade[a] * D[a * q + i] * D[a * q + j];
                kin[k][i * q + j] = sum / h;
            }
            diagonal[k * p + i] += kin[k][i * q + i];
        }
    }
    double now = total(K, p, kin, mass, theta), shift = 0;
    for (int iteration = 1; iteration < 200; iteration++) {
        double slope[2 * MOST_NODES];
        for (int s = 0; s < nodes; s++) {
            double a = theta[2 * s], b = theta[2 * s + 1];
            slope[2 * s] = mass[s] * (4 * a * (a * a - 1) - 0.5);
            slope[2 * s + 1] = mass[s] * 2 * b;
        }
        for (int k = 0; k < K; k++)
            for (int i = 0; i < q; i++)
                for (int j = 0; j < q; j++)
                    for (int c = 0; c < 2; c++)
                        slope[2 * (k * p + i) + c] +=
                            kin[k][i * q + j] * theta[2 * (k * p + j) + c];
        int positive = 0;
        while (!positive) { /* H[r][r - c], lower half, without the start */
            memset(H, 0, sizeof H[0] * size);
            for (int k = 0; k < K; k++)
                for (int i = 0; i < q; i++)
                    for (int j = 0; j <= i; j++)
                        for (int c = 0; c < 2; c++) {
                            int r = 2 * (k * p + i) + c - 2, m = 2 * (k * p + j) + c - 2;
                            if (m >= 0) H[r][r - m] += kin[k][i * q + j];
                        }
            for (int s = 1; s < nodes; s++) {
                double a = theta[2 * s];
                H[2 * s - 2][0] += mass[s] * (12 * a * a - 4) + shift * diagonal[s];
                H[2 * s - 1][0] += mass[s] * 2 + shift * diagonal[s];
            }
            positive = 1;
            for (int r = 0; r < size && positive; r++) {
                int low = r > band ? r - band : 0;
                for (int m = low; m <= r; m++) {
                    double sum = H[r][r - m];
                    int first = m > band ? m - band : 0;
                    if (first < low) first = low;
                    for (int l = first; l < m; l++) sum -= H[r][r - l] * H[m][m - l];
                    if (m < r) H[r][r - m] = sum / H[m][0];
                    else if (sum > 0) H[r][0] = sqrt(sum);
                    else positive = 0;
                }
            }
            if (!positive) shift = shift * 4 > 1e-2 ? shift * 4 : 1e-2;
        }
        double fall = 0;
        for (int r = 0; r < size; r++) {
            double sum = slope[r + 2];
            for (int m = r > band ? r - band : 0; m < r; m++) sum -= H[r][r - m] * g[m];
            g[r] = sum / H[r][0];
            fall += g[r] * g[r];
        }
        for (int r = size - 1; r >= 0; r--) {
            double sum = g[r];
            for (int m = r + 1; m < size && m <= r + band; m++) sum -= H[m][m - r] * g[m];
            g[r] = sum / H[r][0];
        }
        double length = 1, next;
        for (;;) {
            trial[0] = theta[0], trial[1] = theta[1];
            for (int r = 0; r < size; r++) trial[r + 2] = theta[r + 2] - length * g[r];
            next = total(K, p, kin, mass, trial);
            if (next <= now - 1e-4 * length * fall || fall < 1e-12 || length < 1e-6) break;
            length /= 2;
        }
        memcpy(theta, trial, sizeof(double) * 2 * nodes);
        now = next;
        if (fall <= 1e-10 && shift == 0) {
            *cost = now;
            return iteration;
        }
        shift = shift > 1e-3 ? shift / 4 : 0;
    }
    return 0;
}
