import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A buyer pays, and the shop learns of it by a webhook and by PortOne's API. Java 17, and nothing else:
 *
 * <pre>
 * portone-emulator --webhook-secret "$PORTONE_WEBHOOK_SECRET" &amp;
 * java Shop.java
 * </pre>
 *
 * A real shop reads JSON with a library; regular expressions keep this to one file.
 */
public class Shop {
    static final String EMULATOR = env("PORTONE_EMULATOR_URL", "http://127.0.0.1:8000");
    static final String API_SECRET = env("PORTONE_API_SECRET", "emulator-secret");
    static final String WEBHOOK_SECRET =
            env("PORTONE_WEBHOOK_SECRET", "whsec_ZW11bGF0b3Itd2ViaG9vay1zZWNyZXQh");
    static final int TOTAL = 30_000;
    static final HttpClient HTTP = HttpClient.newHttpClient();

    public static void main(String[] args) throws Exception {
        var paid = new CompletableFuture<String>(); // the payment ID of a genuine webhook
        HttpServer shop = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        shop.createContext("/webhooks/portone", exchange -> receive(exchange, paid));
        shop.start();
        try {
            String webhookUrl = "http://127.0.0.1:" + shop.getAddress().getPort() + "/webhooks/portone";
            String paymentId = UUID.randomUUID().toString().replace("-", "");

            // The buyer opens the payment window, and pays.
            control("checkout", """
                    {"paymentId": "%s", "outcome": "ready", "totalAmount": %d, "noticeUrls": ["%s"]}"""
                    .formatted(paymentId, TOTAL, webhookUrl));
            control("leave", """
                    {"paymentId": "%s", "outcome": "paid"}""".formatted(paymentId));

            // The shop is told, and asks PortOne: a webhook alone proves no payment.
            check(paid.get(10, TimeUnit.SECONDS).equals(paymentId), "the webhook is of another payment");
            String payment = get("/payments/" + paymentId);
            check(field(payment, "status").equals("PAID"), "the payment is not paid");
            check(field(payment, "total").equals(String.valueOf(TOTAL)), "another amount was paid");

            // Nobody else can tell the shop so.
            check(forge(webhookUrl, paymentId) == 400, "a forged webhook was accepted");
            System.out.printf("%s: %,d %s paid%n", paymentId, TOTAL, field(payment, "currency"));
        } finally {
            shop.stop(0);
        }
    }

    static void receive(HttpExchange exchange, CompletableFuture<String> paid) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        boolean isGenuine = isGenuine(exchange, body);
        if (isGenuine && field(body, "type").equals("Transaction.Paid")) {
            paid.complete(field(body, "paymentId"));
        }
        exchange.sendResponseHeaders(isGenuine ? 204 : 400, -1);
        exchange.close();
    }

    /** Whether a webhook was signed with the secret in the last five minutes, by Standard Webhooks. */
    static boolean isGenuine(HttpExchange exchange, String body) {
        String id = exchange.getRequestHeaders().getFirst("webhook-id");
        String timestamp = exchange.getRequestHeaders().getFirst("webhook-timestamp");
        String signatures = exchange.getRequestHeaders().getFirst("webhook-signature");
        if (id == null || timestamp == null || signatures == null) return false;
        try {
            Instant sentAt = Instant.ofEpochSecond(Long.parseLong(timestamp));
            if (Duration.between(sentAt, Instant.now()).abs().toMinutes() >= 5) return false;
            byte[] key = Base64.getDecoder().decode(WEBHOOK_SECRET.replaceFirst("^whsec_", ""));
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            byte[] content = (id + "." + timestamp + "." + body).getBytes(StandardCharsets.UTF_8);
            String expected = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(content));
            for (String signature : signatures.split(" ")) {
                if (MessageDigest.isEqual(signature.getBytes(), expected.getBytes())) return true;
            }
            return false;
        } catch (GeneralSecurityException | RuntimeException malformed) {
            return false;
        }
    }

    /** Does what happens outside the shop: see EMULATOR/_emulator/openapi.json. */
    static void control(String name, String json) throws Exception {
        send(HttpRequest.newBuilder(URI.create(EMULATOR + "/_emulator/" + name))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json)));
    }

    static int forge(String webhookUrl, String paymentId) throws Exception {
        return HTTP.send(HttpRequest.newBuilder(URI.create(webhookUrl))
                .header("webhook-id", "forged")
                .header("webhook-timestamp", String.valueOf(Instant.now().getEpochSecond()))
                .header("webhook-signature", "v1," + Base64.getEncoder().encodeToString(new byte[32]))
                .POST(HttpRequest.BodyPublishers.ofString("""
                        {"type": "Transaction.Paid", "data": {"paymentId": "%s"}}""".formatted(paymentId)))
                .build(), BodyHandlers.discarding()).statusCode();
    }

    static String get(String path) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(EMULATOR + path))
                .header("Authorization", "PortOne " + API_SECRET));
    }

    static String send(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> response;
        try {
            response = HTTP.send(request.timeout(Duration.ofSeconds(10)).build(), BodyHandlers.ofString());
        } catch (ConnectException refused) {
            throw new IllegalStateException("no emulator at " + EMULATOR + ": start portone-emulator", refused);
        }
        check(response.statusCode() == 200, response.statusCode() + " " + response.body());
        return response.body();
    }

    static String field(String json, String name) {
        Matcher field = Pattern.compile("\"" + name + "\"\\s*:\\s*\"?([^\",}]+)").matcher(json);
        check(field.find(), "no " + name);
        return field.group(1);
    }

    static void check(boolean condition, String problem) {
        if (!condition) throw new IllegalStateException(problem);
    }

    static String env(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
