package org.example.harbour;

/** High water at the harbour, in minutes after midnight. */
public final class Tides {
    private Tides() {}

    public static int highWater(int day) {
        return (day * 49 + 380) % 720;
    }
}
